"""The schema of the service: requests, answers, filter verdicts and error bodies as attrs classes."""
