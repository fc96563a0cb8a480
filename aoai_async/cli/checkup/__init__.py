"""What `aoai doctor` looks at. No check costs anything but a call of the deployment's quota."""
