"""An organisation's own material: files that its people upload, and long work that they ask for.

Belongs here: who may see and do what with it, how files are received, checked and kept, in which state a job is. Does
not: what the files say, or how a job is computed. Nobody sees another organisation's material, whatever their role;
what is another's is not there.
"""
