"""Many runs of one protocol: what they are, where they run and what comes of them."""
