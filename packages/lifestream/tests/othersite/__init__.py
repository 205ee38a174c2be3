"""Another small Django project that uses the app, with templates and settings of its own."""
