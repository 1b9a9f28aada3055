"""Finding the settings of a console: warm start, objective, gradient descent."""
