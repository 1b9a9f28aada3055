"""From captured responses and gains to processors and settings that a person could have dialled."""
