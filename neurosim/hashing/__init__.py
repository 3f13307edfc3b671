"""The fly's hash: odours and other vectors, the circuit's runner and transformer, its scores."""
