"""Running Tutti: on this machine without Docker (`local.py`), and the parts that containers share (`secrets.py`)."""
