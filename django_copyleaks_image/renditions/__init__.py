"""What was drawn of pictures for people to look at: where it is kept, and what is asked for."""
