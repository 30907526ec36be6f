"""What is looked at while the model runs."""
