# A siamese network with the contrastive loss
# Hadsell, Chopra and LeCun (2006), Dimensionality reduction by learning an invariant mapping
X1, X2: 4 x m input
Y: 1 x m
W: 5 x 4
V: 2 x 5
E1 = V @ tanh(W @ X1)
E2 = V @ tanh(W @ X2)
r = norm(E1 - E2, axis=0)
loss = mean((1 - Y) * r**2 + Y * max(0, 2 - r)**2) / 2
