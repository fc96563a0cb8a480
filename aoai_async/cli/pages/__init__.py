"""Pages for people: one HTML file each, without a network, in which no text of others ever runs."""
