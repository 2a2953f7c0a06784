"""Mail: auth alone knows addresses, so every letter of Tutti is written and sent here."""
