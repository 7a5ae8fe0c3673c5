"""How fast the review desk is: from a key that decides to the next picture on the screen."""
