"""The front doors: each turns its users' words into calls of ``connectedmachine.service`` and back."""
