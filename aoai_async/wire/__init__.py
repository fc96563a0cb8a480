"""From requests to bytes and from answers to objects: pure functions, without sockets and disks."""
