"""An app with one picture, for the start of a project to be measured with."""
