# Similarities of two views, every one against every one
# m = 4; I_m identity
X1, X2: 3 x m input
I_m: m x m input
W: 2 x 3
U = W @ X1
V = W @ X2
S = 2 * U.T @ V
P = softmax(S)
loss = -sum(I_m * log(P)) / m
