"""What flows between the stages: arrays and words."""
