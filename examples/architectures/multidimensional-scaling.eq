# Metric scaling: the stress of distances in the plane
# Kruskal (1964), Multidimensional scaling by optimizing goodness of fit
D: 5 x 5 constant
Z: 2 x 5
q = sum(Z**2, axis=0)
R = sqrt(q + q.T - 2 * Z.T @ Z + eye(5)) * (1 - eye(5))
loss = sqrt(sum((D - R)**2 * (1 - eye(5))) / sum(D**2))
