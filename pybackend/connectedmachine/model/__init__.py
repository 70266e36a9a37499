"""The vocabulary of the product as types. Imports nothing of ours and does no input or output."""
