# Examples as rows through two layers
# m = 5
X: m x 3 input
Y: m x 2 target
W1: 3 x 4
W2: 4 x 2
H = tanh(X @ W1)
E = H @ W2 - Y
loss = sum(E**2) / (2 * m)
