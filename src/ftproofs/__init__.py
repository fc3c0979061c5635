"""ftproofs checks theorems about fine-tuning."""

__version__ = "0.1.0"
