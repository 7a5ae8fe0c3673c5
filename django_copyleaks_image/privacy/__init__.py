"""What somebody may ask of what is kept about them: to erase it, and to have it."""
