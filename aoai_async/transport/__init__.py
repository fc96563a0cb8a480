"""What touches disks and sockets: sources, uploads, sessions, pictures, credentials."""
