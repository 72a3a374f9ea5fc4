# Sparse coding: a dictionary and the code of every patch
# Olshausen and Field (1996), Emergence of simple-cell receptive field properties
X: 5 x m
S: 7 x m parameter
B: 5 x 7
loss = sum((X - B @ S)**2) + 0.3 * sum(log(1 + S**2))
