# A gMLP block with its spatial gating unit, rows are tokens
# Liu, Dai, So and Le (2021), Pay attention to MLPs
X: 5 x 4 input
Y: 5 x 4
U: 4 x 6
W: 5 x 5
b: 5 x 1
V: 3 x 4
Z = gelu(layernorm(X.T).T @ U)
Z1 = Z[:, 0:3]
N = layernorm(Z[:, 3:6].T).T
G = Z1 * (W @ N + b)
loss = sum((X + G @ V - Y)**2) / 2
