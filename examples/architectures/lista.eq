# Learned iterative shrinkage
# Gregor and LeCun (2010), Learning fast approximations of sparse coding
X: 4 x m
Z: 6 x m target
W: 6 x 4
S: 6 x 6
theta: 6 x 1
B = W @ X
C[0] = B
H[0] = sign(B) * max(abs(B) - exp(theta), 0)
repeat t = 1..3:
    C[t] = B + S @ H[t-1]
    H[t] = sign(C[t]) * max(abs(C[t]) - exp(theta), 0)
loss = sum((H[3] - Z)**2) / 2
