# Two levels of gates over linear experts
# Jordan and Jacobs (1994), Hierarchical mixtures of experts and the EM algorithm
X: 3 x m
Y: 2 x m
U: 1 x 3
V[1..2]: 1 x 3
W[1..4]: 2 x 3
g = sigmoid(U @ X)
h1 = sigmoid(V1 @ X)
h2 = sigmoid(V2 @ X)
M1 = h1 * (W1 @ X) + (1 - h1) * (W2 @ X)
M2 = h2 * (W3 @ X) + (1 - h2) * (W4 @ X)
loss = mse(g * M1 + (1 - g) * M2, Y)
