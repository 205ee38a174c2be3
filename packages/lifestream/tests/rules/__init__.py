"""One or more tests for each rule of a good feed client."""
