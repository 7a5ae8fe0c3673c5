"""An app of a project that has the neighbours."""
