"""What the command understands. Nothing here loads more than argparse, so that `--help` answers at once."""
