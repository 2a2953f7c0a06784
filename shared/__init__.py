"""What every service needs and no service owns: it knows no word of sound, and imports nothing from `services`."""
