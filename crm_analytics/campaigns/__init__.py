"""From scores to a contact plan: who, about what, through which channel, and why."""
