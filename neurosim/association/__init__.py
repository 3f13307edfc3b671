"""Associations between pictures: stimuli, assemblies, pair-coding units, their time course."""
