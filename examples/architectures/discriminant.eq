# The linear discriminant: scatter between classes against scatter within
# Fisher (1936), The use of multiple measurements in taxonomic problems
X: 3 x m
Y: 2 x m
w: 3 x 1
M = X @ Y.T / sum(Y, axis=1).T
D = X - M @ Y
B = M - mean(X, axis=1)
within = sum((w.T @ D)**2)
between = sum(sum(Y, axis=1).T * (w.T @ B)**2)
loss = -between / within
