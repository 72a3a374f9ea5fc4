# Two views whose features are to agree and not to repeat each other
# Zbontar, Jing, Misra, LeCun and Deny (2021), Barlow twins
X1, X2: 4 x m input
W: 3 x 4
Z1 = W @ X1
Z2 = W @ X2
N1 = (Z1 - mean(Z1, axis=1)) / std(Z1, axis=1)
N2 = (Z2 - mean(Z2, axis=1)) / std(Z2, axis=1)
C = N1 @ N2.T / m
on = sum((1 - diag(C))**2)
off = sum(C**2) - sum(diag(C)**2)
loss = on + 0.005 * off
