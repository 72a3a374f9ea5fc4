# One block: patches are mixed, then channels
# t = 5
X: 4 x t input
Y: 4 x t
U1: 6 x t
U2: t x 6
W1: 7 x 4
W2: 4 x 7
N1 = layernorm(X)
M1 = gelu(U1 @ N1.T)
S1 = X + (U2 @ M1).T
N2 = layernorm(S1)
M2 = gelu(W1 @ N2)
S2 = S1 + W2 @ M2
loss = mse(S2, Y)
