# Attention without softmax: a product of three
# t = 5
X: 4 x t input
Y: 3 x t
Q, K: 2 x 4
V: 3 x 4
S = V @ X @ (K @ X).T
A = S @ (Q @ X)
loss = mse(A, Y)
