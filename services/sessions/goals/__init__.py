"""How much somebody wants to practise, and how near they are to it."""
