# Two affine coupling layers of a normalising flow
# Dinh, Sohl-Dickstein and Bengio (2017), Density estimation using real NVP
X: 4 x m
S[1..2], T[1..2]: 2 x 5
W[1..2]: 5 x 2
b[1..2]: 5 x 1
U = X[0:2]
V = X[2:4]
H1 = tanh(W1 @ U + b1)
s1 = tanh(S1 @ H1)
V_new = exp(s1) * V + T1 @ H1
H2 = tanh(W2 @ V_new + b2)
s2 = tanh(S2 @ H2)
U_new = exp(s2) * U + T2 @ H2
loss = (sum(U_new**2) / 2 + sum(V_new**2) / 2 - sum(s1) - sum(s2)) / m
