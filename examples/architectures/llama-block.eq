# A block of LLaMA: RMS normalisation before each part, SwiGLU
# Touvron et al. (2023), LLaMA
X: 4 x 5 input
Y: 4 x 5
mask: 5 x 5 constant
W_Q, W_K, W_V, W_O: 4 x 4
W1, W3: 6 x 4
W2: 4 x 6
g1, g2: 4 x 1
N = g1 * rmsnorm(X)
A = softmax(where(mask, (W_K @ N).T @ (W_Q @ N) / 2, -1000))
H = X + W_O @ (W_V @ N @ A)
M = g2 * rmsnorm(H)
O = H + W2 @ (silu(W1 @ M) * (W3 @ M))
loss = sum((O - Y)**2) / 2
