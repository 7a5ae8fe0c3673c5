"""An app that does nothing, for the start of a project to be compared with."""
