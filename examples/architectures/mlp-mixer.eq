# A mixer block: over patches, then over channels, rows are patches
# Tolstikhin et al. (2021), MLP-Mixer
X: 5 x 4 input
Y: 5 x 4
W1: 6 x 5
W2: 5 x 6
W3: 4 x 7
W4: 7 x 4
N = layernorm(X.T).T
U = X + W2 @ gelu(W1 @ N)
M = layernorm(U.T).T
O = U + gelu(M @ W3) @ W4
loss = sum((O - Y)**2) / 2
