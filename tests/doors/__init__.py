"""The doors: command line, Python, notebook, README; each on a whole project."""
