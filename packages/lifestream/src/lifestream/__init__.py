"""Imports feeds politely, safely and fast, and shows them as one timeline."""
