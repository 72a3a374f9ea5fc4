"""Diagnosis of somebody's gradient: whose is right, and which equation of the backward list was written wrongly."""
