"""What files are made to tell and to become, in a child process that can do no harm."""
