# A transformer block as in the paper: normalisation behind each part
# Vaswani et al. (2017), Attention is all you need
X: 4 x 5 input
Y: 4 x 5
W_Q, W_K, W_V, W_O: 4 x 4
W1: 8 x 4
b1: 8 x 1
W2: 4 x 8
b2: 4 x 1
g1, c1, g2, c2: 4 x 1
A = softmax((W_K @ X).T @ (W_Q @ X) / 2)
H = g1 * layernorm(X + W_O @ W_V @ X @ A) + c1
F = W2 @ relu(W1 @ H + b1) + b2
O = g2 * layernorm(H + F) + c2
loss = sum((O - Y)**2) / 2
