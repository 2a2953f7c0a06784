"""Archives of everything that is somebody's, and forgetting it."""
