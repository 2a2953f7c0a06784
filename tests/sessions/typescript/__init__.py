"""The TypeScript of the sessions service: its types are the present ones, and both of its storages keep their promise."""
