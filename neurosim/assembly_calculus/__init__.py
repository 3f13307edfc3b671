"""The assembly calculus: programs of operations on assemblies, and their results on any machine."""
