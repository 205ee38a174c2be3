"""Another Django project that uses the app: little around it, and templates and settings of its own."""
