"""One test or more for each rule of a good feed client."""
