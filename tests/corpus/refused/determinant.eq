# The logarithm of a determinant
A: 3 x 3
B: 3 x 3 input
loss = log(det(A @ B))
