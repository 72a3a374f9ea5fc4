# Variance, invariance, covariance
# Bardes, Ponce and LeCun (2022), VICReg
X1, X2: 4 x m input
W: 3 x 4
Z1 = W @ X1
Z2 = W @ X2
D1 = Z1 - mean(Z1, axis=1)
D2 = Z2 - mean(Z2, axis=1)
C1 = D1 @ D1.T / (m - 1)
C2 = D2 @ D2.T / (m - 1)
v1 = mean(max(0, 1 - sqrt(diag(C1) + 0.0001)))
v2 = mean(max(0, 1 - sqrt(diag(C2) + 0.0001)))
c1 = (sum(C1**2) - sum(diag(C1)**2)) / 3
c2 = (sum(C2**2) - sum(diag(C2)**2)) / 3
loss = 25 * mean((Z1 - Z2)**2) + 25 * (v1 + v2) / 2 + c1 + c2
