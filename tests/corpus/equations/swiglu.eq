# A SwiGLU block with a skip
# m = 5
X: 4 x m
Y: 2 x m
W1, W2: 6 x 4
W3: 4 x 6
W4: 2 x 4
U = W1 @ X
V = W2 @ X
S = silu(U)
H = S * V
O = W3 @ H
R = X + O
Z = W4 @ R
loss = mse(Z, Y)
