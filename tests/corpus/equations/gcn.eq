# Two layers over a graph: nodes are rows, the normalised adjacency is given
# n = 5
A_hat: n x n input
X: n x 3 input
Y: n x 2 target
W1: 3 x 4
W2: 4 x 2
H1 = relu(A_hat @ X @ W1)
H2 = A_hat @ H1 @ W2
loss = mse(H2, Y)
